package io.hypernetes.hyperd.docker;

import io.hypernetes.network.dns.NameServer;
import io.hypernetes.network.dns.Names;
import io.hypernetes.network.dns.Query;
import io.hypernetes.network.dns.Reply;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// What one container is told of the others in the networks that it is in: their names, aliases and short ids, plain or with the network's name behind.
///
/// @param outside whether the asker is led outside; names of elsewhere would be a way there
record DockerNames(DockerRecord asker, List<DockerRecord> running, boolean outside) implements Names {
    private static final String REVERSE = ".in-addr.arpa";
    private static final int SHORT_ID = 12;

    /// @param address of who asks
    /// @param up the containers that run, and those that start: the first thing that a program does is often to ask
    /// @param outside whether who is in these networks is led outside
    static Names of(String address, List<DockerRecord> up, Predicate<List<DockerRecord.Endpoint>> outside) {
        List<DockerRecord> running = up.stream().filter(DockerRecord::isRunning).toList();
        return up.stream().filter(container -> container.state().address().equals(address)).findFirst()
                .<Names>map(container -> new DockerNames(container, running, outside.test(container.networks())))
                .orElse((name, type) -> new Found.Here(Reply.failure(Reply.REFUSED)));
    }

    @Override
    public Found find(String name, int type) {
        if (name.endsWith(REVERSE)) {
            return reverse(name);
        }
        Set<String> addresses = new LinkedHashSet<>();
        for (DockerRecord.Endpoint mine : networks()) {
            String behind = "." + mine.name().toLowerCase(Locale.ROOT);
            String plain = name.endsWith(behind) ? name.substring(0, name.length() - behind.length()) : name;
            for (DockerRecord container : running) {
                container.endpoint(mine.network())
                        .filter(endpoint -> names(container, endpoint).anyMatch(own -> own.equals(name) || own.equals(plain)))
                        .ifPresent(endpoint -> addresses.add(container.state().address()));
            }
        }
        if (addresses.isEmpty()) {
            return elsewhere();
        }
        List<Reply.Rr> records = new ArrayList<>();
        if (type == Query.A || type == Query.ANY) {
            addresses.forEach(address -> records.add(Reply.Rr.address(name, Reply.TTL_SECONDS, address)));
            // Who takes the first one shall not always take the same.
            Collections.shuffle(records);
        }
        return new Found.Here(Reply.of(records));
    }

    private Found reverse(String name) {
        String[] parts = name.substring(0, name.length() - REVERSE.length()).split("\\.");
        if (parts.length != 4) {
            return elsewhere();
        }
        String address = parts[3] + "." + parts[2] + "." + parts[1] + "." + parts[0];
        for (DockerRecord.Endpoint mine : networks()) {
            for (DockerRecord container : running) {
                if (container.state().address().equals(address) && container.endpoint(mine.network()).isPresent()) {
                    return new Found.Here(Reply.of(List.of(Reply.Rr.name(name, Query.PTR, Reply.TTL_SECONDS, container.name() + "." + mine.name()))));
                }
            }
        }
        return elsewhere();
    }

    private Found elsewhere() {
        return outside ? new Found.Elsewhere() : new Found.Here(Reply.failure(Reply.NO_SUCH_NAME));
    }

    // In the one that all are in, nobody has a name.
    private List<DockerRecord.Endpoint> networks() {
        return asker.networks().stream().filter(endpoint -> !endpoint.isBridge()).toList();
    }

    /// What a container is called in a network.
    static Stream<String> names(DockerRecord container, DockerRecord.Endpoint in) {
        return Stream.concat(Stream.of(container.name(), container.id().substring(0, SHORT_ID)), in.aliases().stream())
                .map(name -> name.toLowerCase(Locale.ROOT)).distinct();
    }

    /// `--dns` of the container.
    @Override
    public List<InetSocketAddress> resolvers() {
        return Wish.texts(asker.hostConfig().path("Dns")).stream().filter(server -> server.matches("[0-9.]{7,15}")).map(NameServer::resolver).toList();
    }
}
