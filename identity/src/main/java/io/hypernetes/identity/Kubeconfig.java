package io.hypernetes.identity;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.Base64;

/// A kubeconfig with everything embedded. [#toString] hides the key.
///
/// @param server the API server, without a tenant's path
/// @param tenant whose cluster to show: for others than `root` the server's URL gets the prefix `/tenants/NAME`
/// @param user the name that the file gives the user; the certificate decides who it is
/// @param authority what signs the server's certificate
public record Kubeconfig(
        URI server, String tenant, String user, X509Certificate authority, KeyedCertificate identity) {
    /// The YAML text.
    public String yaml() {
        String cluster = tenant.equals(Principal.ROOT) ? "hypernetes" : "hypernetes-" + tenant;
        String context = user + "@" + cluster;
        return "apiVersion: v1\n"
                + "kind: Config\n"
                + "clusters:\n"
                + "- name: " + quoted(cluster) + "\n"
                + "  cluster:\n"
                + "    server: " + quoted(address()) + "\n"
                + "    certificate-authority-data: " + base64(Pem.encode(authority)) + "\n"
                + "users:\n"
                + "- name: " + quoted(context) + "\n"
                + "  user:\n"
                + "    client-certificate-data: " + base64(Pem.encode(identity.certificate())) + "\n"
                + "    client-key-data: " + base64(Pem.encode(identity.key())) + "\n"
                + "contexts:\n"
                + "- name: " + quoted(context) + "\n"
                + "  context:\n"
                + "    cluster: " + quoted(cluster) + "\n"
                + "    user: " + quoted(context) + "\n"
                + "    namespace: default\n"
                + "current-context: " + quoted(context) + "\n";
    }

    /// Writes the YAML to a file of mode 0600, replaced in one step.
    ///
    /// @throws IdentityException when that fails
    public void save(Path file) {
        try {
            SecretFiles.replace(file, yaml());
        } catch (IOException e) {
            throw new IdentityException("cannot write the kubeconfig " + file + ": " + e.getMessage(), e);
        }
    }

    /// The URL clients use.
    public String address() {
        String base = server.toString().replaceFirst("/+$", "");
        return tenant.equals(Principal.ROOT) ? base : base + "/tenants/" + tenant;
    }

    @Override
    public String toString() {
        return "Kubeconfig[" + address() + ", " + user + "]";
    }

    private static String quoted(String text) {
        return "'" + text.replace("\n", " ").replace("'", "''") + "'";
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
