"""Each figure that we claim, measured side by side with what a user would pick instead.

`make bench` measures, stores `bench/results/*.json`, and writes docs/performance.md from them.
"""
