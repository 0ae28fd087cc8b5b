package io.hypernetes.acceptance;

import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/// A real database, which outlives its pod and its cluster.
@ExtendWith(SharedCluster.class)
@Isolated("it takes the cluster down and up")
class DatabaseTest {
    @Test
    void postgresKeepsItsTablesAlsoWhenTheClusterGoesDown(Cluster cluster, @TempDir Path folder) throws IOException {
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
