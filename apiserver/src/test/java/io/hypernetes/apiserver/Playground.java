package io.hypernetes.apiserver;

import io.hypernetes.identity.Pem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/// Starts a server for trying stock clients by hand: `Playground FOLDER` writes kubeconfigs there and waits for the end of input.
final class Playground {
    public static void main(String[] args) throws Exception {
        try (var cluster = new Cluster()) {
            var folder = Path.of(args[0]);
            write(cluster, folder, "root", "");
            cluster.operator().post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("blue"));
            write(cluster, folder, "blue", "/tenants/blue");
            System.out.println("ready " + cluster.server.address());
            while (System.in.read() >= 0) {
                // Until the one who started it closes our input.
            }
        }
    }

    static void write(Cluster cluster, Path folder, String tenant, String prefix) throws Exception {
        var credential = cluster.credential(tenant, "admin", "system:masters");
        Files.writeString(folder.resolve(tenant + ".kubeconfig"), """
                apiVersion: v1
                kind: Config
                current-context: c
                contexts: [{name: c, context: {cluster: c, user: u}}]
                clusters: [{name: c, cluster: {server: "%s", certificate-authority-data: %s}}]
                users: [{name: u, user: {client-certificate-data: %s, client-key-data: %s}}]
                """.formatted(
                cluster.uri(prefix),
                encode(cluster.authorities.root().certificatePem()),
                encode(Pem.encode(credential.chain())),
                encode(Pem.encode(credential.key()))));
    }

    private static String encode(String pem) {
        return Base64.getEncoder().encodeToString(pem.getBytes());
    }
}
