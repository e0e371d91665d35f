"""The benchmarks behind `make bench`: the real parts, everything interleaved in one run."""
