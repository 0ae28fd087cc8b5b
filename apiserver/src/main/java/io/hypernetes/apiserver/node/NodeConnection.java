package io.hypernetes.apiserver.node;

import io.hypernetes.apiserver.fair.PatientSocket;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/// One TLS connection to a kubelet that carries one HTTP/1.1 request, and perhaps raw bytes after it.
final class NodeConnection implements AutoCloseable {
    private static final int CONNECT_MILLIS = 5_000;
    private static final int ANSWER_MILLIS = 60_000;
    private static final int MAX_HEAD = 32 * 1024;

    private final PatientSocket plain;
    private final SSLSocket socket;
    private final InputStream in;
    private final OutputStream out;

    private NodeConnection(PatientSocket plain, SSLSocket socket) throws IOException {
        this.plain = plain;
        this.socket = socket;
        this.in = new BufferedInputStream(socket.getInputStream(), 64 * 1024);
        this.out = socket.getOutputStream();
    }

    /// Connects and checks that the certificate is the node's own.
    ///
    /// @param tls has the server's client certificate and trusts the root authority alone
    static NodeConnection open(NodeAddress node, SSLContext tls) throws NodeUnreachableException {
        var plain = new PatientSocket(0);
        try {
            plain.setTcpNoDelay(true);
            plain.connect(new InetSocketAddress(node.host(), node.port()), CONNECT_MILLIS);
            plain.setSoTimeout(ANSWER_MILLIS);
            var socket = (SSLSocket) tls.getSocketFactory().createSocket(plain, node.host(), node.port(), true);
            socket.startHandshake();
            if (!belongsTo(node, (X509Certificate) socket.getSession().getPeerCertificates()[0])) {
                socket.close();
                throw new NodeUnreachableException(
                        "the kubelet at %s shows a certificate of another node".formatted(node));
            }
            return new NodeConnection(plain, socket);
        } catch (NodeUnreachableException e) {
            throw e;
        } catch (IOException e) {
            close(plain);
            throw new NodeUnreachableException(
                    "cannot reach the kubelet of node %s: %s".formatted(node, e.getMessage()), e);
        }
    }

    /// Sends a request without a body and reads the head of the answer.
    NodeAnswer request(String method, String target, List<Map.Entry<String, String>> headers) throws IOException {
        var head = new StringBuilder(512)
                .append(method)
                .append(' ')
                .append(target)
                .append(" HTTP/1.1\r\n");
        for (var header : headers) {
            head.append(header.getKey()).append(": ").append(header.getValue()).append("\r\n");
        }
        out.write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
        var answer = NodeAnswer.parse(readHead(), in);
        socket.setSoTimeout(0);
        return answer;
    }

    InputStream in() {
        return in;
    }

    OutputStream out() {
        return out;
    }

    /// How long a read waits; 0 for ever.
    void patience(int millis) throws java.net.SocketException {
        socket.setSoTimeout(millis);
    }

    Socket socket() {
        return socket;
    }

    /// Closes without a farewell and without waiting: the farewell of TLS waits for whoever writes, and he for a peer that does not read.
    void abandon() {
        close(plain);
    }

    /// Closes with the farewell of TLS, which a thread that writes can hold up for as long as the peer does not read.
    @Override
    public void close() {
        close(socket);
    }

    private byte[] readHead() throws IOException {
        var head = new ByteArrayOutputStream(512);
        int matched = 0;
        while (matched < 4) {
            int next = in.read();
            if (next < 0) {
                throw new NodeUnreachableException("the kubelet closed the connection without an answer");
            }
            head.write(next);
            matched = next == "\r\n\r\n".charAt(matched) ? matched + 1 : next == '\r' ? 1 : 0;
            if (head.size() > MAX_HEAD) {
                throw new NodeUnreachableException("the kubelet's answer has a head of more than " + MAX_HEAD + " bytes");
            }
        }
        return head.toByteArray();
    }

    /// Whether a certificate is that node's. Only its common name counts: what names and addresses a node has, it says itself.
    static boolean belongsTo(NodeAddress node, X509Certificate certificate) throws IOException {
        try {
            List<Rdn> commonNames = new LdapName(certificate.getSubjectX500Principal().getName()).getRdns().stream()
                    .filter(rdn -> rdn.getType().equalsIgnoreCase("CN"))
                    .toList();
            return commonNames.size() == 1 && commonNames.getFirst().getValue().equals("system:node:" + node.node());
        } catch (InvalidNameException e) {
            throw new IOException("its certificate's subject cannot be read", e);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // Nothing is left to save.
        }
    }
}
