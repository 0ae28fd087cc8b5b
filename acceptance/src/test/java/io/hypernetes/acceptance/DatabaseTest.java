package io.hypernetes.acceptance;

import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A real database, which outlives its pod and its cluster, one of its own.
@Order(4)
class DatabaseTest {
    @Test
    void postgresKeepsItsTablesAlsoWhenTheClusterGoesDown(@TempDir Path folder) throws IOException {
        try (Cluster cluster = Cluster.at(folder.resolve("cluster"), 95)) {
            cluster.up().ok();
            keepsItsTables(cluster, folder);
        }
    }

    private static void keepsItsTables(Cluster cluster, Path folder) throws IOException {
        Application.image(cluster, folder, "applications.test/postgres:15", "postgresql-15", "postgresql-client-15", "tzdata");
        cluster.apply(Application.stateful("postgres", "applications.test/postgres:15", 999, """
                export PATH=/usr/lib/postgresql/15/bin:$PATH LC_ALL=C
                [ -s /data/pg/PG_VERSION ] || initdb -D /data/pg -A trust --no-locale -E UTF8
                chmod 700 /data/pg
                exec postgres -D /data/pg -k /tmp -c listen_addresses='*'"""));
        cluster.awaitRunning("postgres-0");
        String[] psql = {"/usr/lib/postgresql/15/bin/psql", "-h", "/tmp", "-U", "postgres", "-At", "-c"};
        Application.awaitAnswer(cluster, "postgres-0", "1", Stream.concat(Stream.of(psql), Stream.of("select 1")).toArray(String[]::new));
        cluster.kubectl(Stream.concat(Stream.concat(Stream.of("exec", "postgres-0", "--"), Stream.of(psql)),
                Stream.of("create table numbers as select generate_series(1, 10000) as n")).toArray(String[]::new));
        Application.replace(cluster, "postgres-0");
        String[] sum = Stream.concat(Stream.of(psql), Stream.of("select sum(n) from numbers")).toArray(String[]::new);
        Application.awaitAnswer(cluster, "postgres-0", "50005000", sum);

        cluster.hypernetes("down").ok();
        cluster.up().ok();
        cluster.awaitRunning("postgres-0");
        Application.awaitAnswer(cluster, "postgres-0", "50005000", sum);
        cluster.kubectl("delete", "statefulset/postgres", "pod/postgres-0", "pvc/data-postgres-0", "--timeout=90s");
    }
}
