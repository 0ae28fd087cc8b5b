package io.hypernetes.cli;

/// placeholder until the API server is wired
final class MasterProcess implements AutoCloseable {
    MasterProcess(Places places, Settings settings) {
        throw new UsageException("master is not wired");
    }

    @Override
    public void close() {}
}
