"""Networks: training loop, estimators and pretrained weights, all on PyTorch."""
