package io.hypernetes.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.network.Gateway;
import io.hypernetes.network.ServiceTable;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// A gateway of the tenant `acme` on this host's loopback, which remembers what it is told.
public final class LoopbackGateway implements Gateway {
    final BlockingQueue<ServiceTable> tables = new LinkedBlockingQueue<>();
    final BlockingQueue<Integer> numbers = new LinkedBlockingQueue<>();
    final CountDownLatch dissolved = new CountDownLatch(1);

    @Override
    public String tenant() {
        return "acme";
    }

    @Override
    public String address() {
        return "127.0.0.1";
    }

    @Override
    public <T> T inside(Supplier<T> action) {
        return action.get();
    }

    @Override
    public void serve(ServiceTable services) {
        tables.add(services);
    }

    @Override
    public void join(int number) {
        numbers.add(number);
    }

    @Override
    public void dissolve() {
        dissolved.countDown();
    }

    /// Waits for a table in which a service's port has these endpoints.
    ServiceTable awaitEndpoints(String port, String... addresses) throws InterruptedException {
        while (true) {
            ServiceTable table = tables.poll(10, TimeUnit.SECONDS);
            assertThat(table).as("a table where %s leads to %s", port, List.of(addresses)).isNotNull();
            List<ServiceTable.Port> found = table.ports().stream().filter(each -> each.name().equals(port)).toList();
            if (found.size() == 1 && found.getFirst().endpoints().stream().map(ServiceTable.Endpoint::address).toList().equals(List.of(addresses))) {
                return table;
            }
        }
    }
}
