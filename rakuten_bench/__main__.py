"""`python -m rakuten_bench` is `rakuten-bench`."""

from rakuten_bench.cli import main

if __name__ == "__main__":
    main()
