/// Benchmarks, run by the scripts in `bench/`. Each prints ratios to a floor measured in the same run, and keeps its figures as JSON.
package io.hypernetes.bench;
