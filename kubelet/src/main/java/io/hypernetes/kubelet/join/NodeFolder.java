package io.hypernetes.kubelet.join;

import io.hypernetes.identity.KeyedCertificate;
import io.hypernetes.identity.Pem;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.util.Optional;

/// The files that make a machine a node: `ca.crt`, `server`, `kubelet-client.pem`, `kubelet-serving.pem`. The client's
/// certificate is written last when joining, so a folder that has it is whole.
record NodeFolder(Path path) {

    boolean isJoined() {
        return Files.exists(path.resolve("kubelet-client.pem"));
    }

    X509Certificate authority() {
        return Pem.certificates(read("ca.crt")).getFirst();
    }

    URI server() {
        return URI.create(read("server").strip());
    }

    KeyedCertificate client() {
        return KeyedCertificate.load(path.resolve("kubelet-client.pem"));
    }

    Optional<KeyedCertificate> serving() {
        Path file = path.resolve("kubelet-serving.pem");
        return Files.exists(file) ? Optional.of(KeyedCertificate.load(file)) : Optional.empty();
    }

    void keepServer(URI server, X509Certificate authority) {
        write("ca.crt", Pem.encode(authority));
        write("server", server + "\n");
    }

    void keepClient(KeyedCertificate certificate) {
        certificate.save(path.resolve("kubelet-client.pem"));
    }

    void keepServing(KeyedCertificate certificate) {
        certificate.save(path.resolve("kubelet-serving.pem"));
    }

    private String read(String name) {
        try {
            return Files.readString(path.resolve(name));
        } catch (IOException broken) {
            throw new JoinException("reading " + path.resolve(name) + " failed (" + broken.getMessage() + "); join this machine again with a fresh token", broken);
        }
    }

    private void write(String name, String text) {
        try {
            Files.createDirectories(path);
            Path draft = path.resolve(name + ".new");
            Files.writeString(draft, text);
            Files.move(draft, path.resolve(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException broken) {
            throw new JoinException("writing " + path.resolve(name) + " failed: " + broken.getMessage(), broken);
        }
    }
}
