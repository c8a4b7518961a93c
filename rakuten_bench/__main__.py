"""`python -m rakuten_bench` is `rakuten-bench`."""

import sys

if __name__ == "__main__":
    # Python searches the working folder first: a random.py or csv.py beside the data
    # would shadow the standard module. Here it comes last.
    if not sys.flags.safe_path:
        sys.path.append(sys.path.pop(0))

    from rakuten_bench.cli import main

    main()
