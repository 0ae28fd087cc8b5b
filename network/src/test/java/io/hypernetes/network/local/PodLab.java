package io.hypernetes.network.local;

import io.hypernetes.linux.NetworkDevices;
import io.hypernetes.network.Attachment;
import io.hypernetes.network.AttachmentRequest;
import io.hypernetes.network.Commands;
import io.hypernetes.network.Gateway;
import io.hypernetes.network.Groups;
import io.hypernetes.network.Network;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// A host of its own, played by a network namespace, with an outside beyond it; and pods, each a namespace whose wire takes the place of a
/// tap: so that whole network stacks speak, without machines.
final class PodLab implements AutoCloseable {
    static final String HOST = "192.0.2.1", OUTSIDE = "192.0.2.2", METADATA = "169.254.169.254";
    private static final int LIMIT_MILLIS = 400;

    private final String mark;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private int pods;

    /// Part of a test.
    interface Steps {
        void run(PodLab lab) throws Exception;
    }

    private PodLab(String mark) {
        this.mark = mark;
    }

    /// Runs steps on the lab's host.
    ///
    /// @param mark begins the names of its namespaces
    static void on(String mark, Steps steps) throws Exception {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> {
            NetworkDevices.enterNewNamespace();
            try (PodLab lab = new PodLab(mark)) {
                shell("ip link set lo up; for n in $(ls /run/netns 2>/dev/null | grep '^" + mark + "'); do ip netns del $n; done");
                shell("ip netns add %1$s-out; ip link add out0 type veth peer name in0 netns %1$s-out; ip addr add 192.0.2.1/24 dev out0; ip link set out0 up;"
                        .formatted(mark)
                        + "ip -n %1$s-out link set lo up; ip -n %1$s-out addr add 192.0.2.2/24 dev in0; ip -n %1$s-out addr add 169.254.169.254/32 dev lo; ip -n %1$s-out link set in0 up; ip route add default via 192.0.2.2"
                                .formatted(mark));
                steps.run(lab);
                done.complete(null);
            } catch (Throwable failure) {
                done.completeExceptionally(failure);
            } finally {
                shell("for n in $(ls /run/netns 2>/dev/null | grep '^" + mark + "'); do ip netns del $n; done");
            }
        });
        done.get(120, TimeUnit.SECONDS);
    }

    /// A stack of the lab.
    record Place(String namespace, String address) {
        String shell(String script) {
            return Commands.run(List.of("ip", "netns", "exec", namespace, "sh", "-c", script), "");
        }

        <T> T inside(java.util.function.Supplier<T> action) {
            return NetworkDevices.inNamespace(Path.of("/run/netns", namespace), action);
        }

        /// The first line that a TCP server says, or why it says nothing.
        String ask(String address, int port) {
            return ask("", address, port);
        }

        /// Likewise from one of several addresses of this place.
        String ask(String from, String address, int port) {
            try (Socket socket = connect(from, address, port)) {
                return line(socket);
            } catch (IOException failure) {
                return failure instanceof SocketTimeoutException ? "silence" : String.valueOf(failure.getMessage());
            }
        }

        Socket connect(String from, String address, int port) throws IOException {
            Socket socket = inside(() -> {
                Socket made = new Socket();
                try {
                    made.bind(from.isEmpty() ? new InetSocketAddress("0.0.0.0", 0) : new InetSocketAddress(from, 0));
                } catch (IOException failure) {
                    throw new UncheckedIOException(failure);
                }
                return made;
            });
            socket.setSoTimeout(LIMIT_MILLIS);
            try {
                socket.connect(new InetSocketAddress(address, port), LIMIT_MILLIS);
            } catch (IOException failure) {
                socket.close();
                throw failure;
            }
            return socket;
        }

        /// What a UDP server answers.
        String askUdp(String address, int port) {
            try (DatagramSocket socket = datagramSocket()) {
                return askUdp(socket, address, port);
            }
        }

        DatagramSocket datagramSocket() {
            return inside(() -> {
                try {
                    return new DatagramSocket();
                } catch (IOException failure) {
                    throw new UncheckedIOException(failure);
                }
            });
        }

        static String askUdp(DatagramSocket socket, String address, int port) {
            try {
                socket.setSoTimeout(LIMIT_MILLIS);
                socket.send(new DatagramPacket(new byte[] {'?'}, 1, InetAddress.getByName(address), port));
                DatagramPacket answer = new DatagramPacket(new byte[256], 256);
                socket.receive(answer);
                return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.UTF_8);
            } catch (IOException failure) {
                return failure instanceof SocketTimeoutException ? "silence" : String.valueOf(failure.getMessage());
            }
        }
    }

    /// What a TCP server says to the host.
    static String askHere(String address, int port) {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(LIMIT_MILLIS);
            socket.connect(new InetSocketAddress(address, port), LIMIT_MILLIS);
            return line(socket);
        } catch (IOException failure) {
            return failure instanceof SocketTimeoutException ? "silence" : String.valueOf(failure.getMessage());
        }
    }

    static String line(Socket socket) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = socket.getInputStream().read(); c >= 0 && c != '\n'; c = socket.getInputStream().read()) {
            line.append((char) c);
        }
        return line.toString();
    }

    static String shell(String script) {
        return Commands.run(List.of("sh", "-c", script), "");
    }

    /// A pod that is attached and plugged.
    Place pod(Network network, String tenant, String sandbox) {
        return pod(network, tenant, sandbox, "hnlab");
    }

    /// Likewise of a node with another bridge.
    Place pod(Network network, String tenant, String sandbox, String bridge) {
        return pod(network, network.attach(new AttachmentRequest(sandbox, tenant, "default", "default", sandbox)), bridge);
    }

    /// Likewise, kept to groups.
    Place pod(Network network, String sandbox, Groups.Membership membership) {
        return pod(network, network.attach(new AttachmentRequest(sandbox, "root", "default", "default", sandbox, List.of(), membership)), "hnlab");
    }

    private Place pod(Network network, Attachment attachment, String bridge) {
        String namespace = mark + "-pod" + pods++;
        String address = attachment.addresses().getFirst().replaceFirst("/.*", "");
        String tap = tapName(bridge, attachment.sandboxId());
        shell("ip netns add %1$s && ip link add %2$s type veth peer name eth0 address %3$s netns %1$s".formatted(namespace, tap, attachment.mac()));
        network.plug(attachment);
        shell("ip -n %1$s link set lo up && ip -n %1$s addr add %2$s dev eth0 && ip -n %1$s link set eth0 up && ip -n %1$s route add default via %3$s dev eth0 onlink"
                .formatted(namespace, attachment.addresses().getFirst(), attachment.gateway()));
        return new Place(namespace, address);
    }

    static String tapName(String bridge, String sandbox) {
        try {
            byte[] digest = java.security.MessageDigest.getInstance("SHA-256").digest(sandbox.getBytes(StandardCharsets.UTF_8));
            return bridge + java.util.HexFormat.of().formatHex(digest).substring(0, 15 - bridge.length());
        } catch (java.security.NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    Place outside() {
        return new Place(mark + "-out", OUTSIDE);
    }

    /// A TCP server that greets each client with its name and the address by which it sees it, then echoes nothing until the client goes.
    void serve(Place at, int port, String greeting) {
        serve(at.inside(() -> listener(port)), greeting);
    }

    /// Likewise at an address of a gateway, at a port of its choice.
    int serve(Gateway gateway, String greeting) {
        ServerSocket listener = gateway.inside(() -> listener(gateway.address(), 0));
        serve(listener, greeting);
        return listener.getLocalPort();
    }

    /// Likewise on the host itself.
    void serveOnHost(int port, String greeting) {
        serve(listener(port), greeting);
    }

    private static ServerSocket listener(int port) {
        return listener("0.0.0.0", port);
    }

    private static ServerSocket listener(String address, int port) {
        try {
            return new ServerSocket(port, 50, InetAddress.getByName(address));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private void serve(ServerSocket listener, String greeting) {
        open.push(listener);
        Thread.ofVirtual().start(() -> {
            while (true) {
                try {
                    Socket client = listener.accept();
                    Thread.ofVirtual().start(() -> greet(client, greeting));
                } catch (IOException closed) {
                    return;
                }
            }
        });
    }

    private static void greet(Socket client, String greeting) {
        try (client) {
            client.getOutputStream().write((greeting + " " + client.getInetAddress().getHostAddress() + "\n").getBytes(StandardCharsets.UTF_8));
            for (int c = client.getInputStream().read(); c >= 0; c = client.getInputStream().read()) {
                client.getOutputStream().write(c);
            }
        } catch (IOException gone) {
            return;
        }
    }

    /// A UDP server that answers everything with its name.
    void serveUdp(Place at, int port, String greeting) {
        DatagramSocket socket = at.inside(() -> {
            try {
                return new DatagramSocket(port, InetAddress.getByName("0.0.0.0"));
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        });
        open.push(socket);
        Thread.ofVirtual().start(() -> {
            byte[] answer = greeting.getBytes(StandardCharsets.UTF_8);
            while (true) {
                try {
                    DatagramPacket asked = new DatagramPacket(new byte[256], 256);
                    socket.receive(asked);
                    socket.send(new DatagramPacket(answer, answer.length, asked.getSocketAddress()));
                } catch (IOException closed) {
                    return;
                }
            }
        });
    }

    @Override
    public void close() throws Exception {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }
}
