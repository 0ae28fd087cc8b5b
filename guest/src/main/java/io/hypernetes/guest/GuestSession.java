package io.hypernetes.guest;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An attached session: three virtual threads (one reads, one writes, one tells the listener) and the tables of what is under way. It
/// lives until its first failure; [#end] is the one way out.
final class GuestSession implements Guest, Receiver.Sink {
    private static final Logger LOG = LoggerFactory.getLogger(GuestSession.class);
    /// What connecting inside the guest may take beyond the time that the guest itself was given.
    private static final Duration CONNECT_GRACE = Duration.ofSeconds(5);

    private final String machine;
    private final GuestConnection connection;
    private final Outgoing outgoing = new Outgoing();
    private final Exchange exchange = new Exchange();
    private final Events events = new Events();
    private final Map<Integer, GuestStream> streams = new ConcurrentHashMap<>();
    private final Map<Integer, ExecProcess> processes = new ConcurrentHashMap<>();
    private final AtomicInteger lastStream = new AtomicInteger();
    private final AtomicInteger lastExec = new AtomicInteger();
    private final AtomicReference<@Nullable GuestException> ended = new AtomicReference<>();
    private volatile byte[] instance = {};

    private GuestSession(String machine, GuestConnection connection) {
        this.machine = machine;
        this.connection = connection;
    }

    static Guest attach(
            String machine, GuestConnection connection, Freshness freshness, GuestListener listener, Duration deadline) {
        GuestSession session = new GuestSession(machine, connection);
        try {
            session.open(freshness, deadline);
        } catch (GuestException failure) {
            session.end(failure);
            throw failure;
        }
        session.thread("events", () -> session.events.deliverAll(machine, listener));
        LOG.info("event=guest-attached machine={}", machine);
        return session;
    }

    private void open(Freshness freshness, Duration deadline) {
        String tried = "attaching to machine " + machine;
        byte[] nonce = Handshake.nonce();
        Exchange.Pending attach = exchange.begin(tried, FrameType.ATTACH);
        thread("reader", () -> read(Handshake.mark(nonce)));
        thread("writer", this::write);
        outgoing.addAtOnce(tried, Handshake.opening(freshness, attach.id(), nonce));
        Answers.Attached attached = decode(await(tried, attach, System.nanoTime(), deadline), Answers::attached);
        if (attached.version() != 1) {
            throw GuestException.protocol("it speaks version " + attached.version() + ", which was not offered");
        }
        instance = attached.instance();
    }

    private void thread(String task, Runnable body) {
        Thread.ofVirtual().name("guest-" + task + "-" + machine).start(body);
    }

    private void read(byte[] mark) {
        try {
            new Receiver(connection, this).run(mark);
        } catch (IOException lost) {
            end(GuestException.disconnected("the connection to machine " + machine + " was lost: " + lost.getMessage()));
        } catch (GuestException violation) {
            end(violation);
        } catch (RuntimeException | Error failure) {
            end(GuestException.disconnected("reading from machine " + machine + " failed: " + failure));
            throw failure;
        }
    }

    private void write() {
        try {
            for (byte[] frame = outgoing.take(); frame != null; frame = outgoing.take()) {
                connection.write(frame, 0, frame.length);
            }
        } catch (IOException lost) {
            end(GuestException.disconnected("the connection to machine " + machine + " was lost: " + lost.getMessage()));
        } catch (InterruptedException interrupted) {
            end(GuestException.disconnected("writing to machine " + machine + " was interrupted"));
        }
    }

    private void end(GuestException why) {
        if (!ended.compareAndSet(null, why)) {
            return;
        }
        if (why.kind() == GuestException.Kind.PROTOCOL) {
            LOG.warn("event=guest-violation machine={} reason=\"{}\"", machine, why.getMessage());
        } else {
            LOG.info("event=guest-detached machine={} reason=\"{}\"", machine, why.getMessage());
        }
        try {
            connection.close();
        } catch (IOException uselessNow) {
            LOG.debug("event=guest-close-failed machine={}", machine, uselessNow);
        }
        outgoing.end(why);
        exchange.end(why);
        streams.values().forEach(stream -> stream.lost(why));
        processes.values().forEach(process -> process.lost(why));
        events.end(why);
    }

    // What the guest sends.

    @Override
    public void expectAnswer(int request, int type) {
        exchange.expect(request, type);
    }

    @Override
    public void answer(int request, int type, Message message) {
        exchange.answered(request, type, message);
    }

    @Override
    public void event(int type, Message message) {
        if (type == FrameType.OOM) {
            Answers.OutOfMemory kill = Answers.outOfMemory(message);
            events.add(listener -> listener.outOfMemory(kill.container(), kill.kills()));
            return;
        }
        Answers.Exited exited = Answers.exited(message);
        if (exited.exec() == 0) {
            events.add(listener -> listener.exited(new ContainerExit(
                    exited.container(), exited.code(), exited.signal(), exited.oomKilled(), exited.atNanos(), exited.error())));
            return;
        }
        ExecProcess process = processes.get(exited.exec());
        if (process != null) {
            process.exited(new ProcessExit(exited.code(), exited.signal(), exited.oomKilled(), exited.atNanos()));
        }
    }

    @Override
    public void stream(int id, int type, byte[] payload) {
        GuestStream stream = streams.get(id);
        if (stream == null) {
            return;
        }
        switch (type) {
            case FrameType.DATA -> stream.data(payload);
            case FrameType.WINDOW -> stream.window(payload);
            case FrameType.END -> stream.end(payload);
            case FrameType.CLOSE -> stream.closedByGuest();
            default -> throw GuestException.protocol("a frame of type " + type + " on a stream");
        }
    }

    // Requests.

    private Message request(String what, int type, byte[] payload, Duration deadline) {
        String tried = what + " in machine " + machine;
        long begun = System.nanoTime();
        Exchange.Pending request = exchange.begin(tried, type);
        boolean sent = false;
        try {
            outgoing.add(tried, frames(type, request.id(), payload), begun + Deadline.nanos(deadline));
            sent = true;
            return await(tried, request, begun, deadline);
        } finally {
            abandon(request, sent);
        }
    }

    /// Requests that are sent together and answered in their order.
    private List<Message> requests(String what, int[] types, List<byte[]> payloads, Duration deadline) {
        String tried = what + " in machine " + machine;
        long begun = System.nanoTime();
        List<Exchange.Pending> pending = new ArrayList<>();
        List<byte[]> together = new ArrayList<>();
        boolean sent = false;
        try {
            for (int i = 0; i < types.length; i++) {
                pending.add(exchange.begin(tried, types[i]));
                together.addAll(frames(types[i], pending.getLast().id(), payloads.get(i)));
            }
            outgoing.add(tried, together, begun + Deadline.nanos(deadline));
            sent = true;
            return pending.stream().map(request -> await(tried, request, begun, deadline)).toList();
        } finally {
            for (Exchange.Pending request : pending) {
                abandon(request, sent);
            }
        }
    }

    private void abandon(Exchange.Pending request, boolean sent) {
        try {
            exchange.abandon(request, sent);
        } catch (GuestException violation) {
            end(violation);
        }
    }

    private Message await(String tried, Exchange.Pending request, long begun, Duration deadline) {
        try {
            long left = Deadline.nanos(deadline) - (System.nanoTime() - begun);
            Exchange.Answer answer = request.answer().get(Math.max(0, left), TimeUnit.NANOSECONDS);
            if (answer.type() != FrameType.ERROR) {
                return answer.message();
            }
            Answers.Refusal refusal = decode(answer.message(), Answers::refusal);
            throw GuestException.refused(tried, refusal.errno(), refusal.step(), refusal.sentence());
        } catch (TimeoutException late) {
            throw GuestException.deadline(tried, deadline.toMillis());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw GuestException.interrupted(tried);
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof GuestException why) {
                throw why.again(tried);
            }
            throw new IllegalStateException(tried, failed);
        }
    }

    /// Reads an answer; what is wrong with it ends the session as a bad frame does.
    private <T> T decode(Message message, Function<Message, T> reading) {
        try {
            return reading.apply(message);
        } catch (GuestException violation) {
            end(violation);
            throw violation;
        }
    }

    private static List<byte[]> frames(int type, int request, byte[] payload) {
        List<byte[]> frames = new ArrayList<>();
        int at = 0;
        do {
            int length = Math.min(payload.length - at, Frame.MAX_PAYLOAD);
            byte[] part = new byte[length];
            System.arraycopy(payload, at, part, 0, length);
            at += length;
            frames.add(new Frame(0, type, at < payload.length, request, part).encode());
        } while (at < payload.length);
        return frames;
    }

    // Verbs.

    @Override
    public byte[] instance() {
        return instance.clone();
    }

    @Override
    public HelloAnswer hello(Duration deadline) {
        return decode(request("asking for versions", FrameType.HELLO, new byte[0], deadline), Answers::hello);
    }

    @Override
    public void resume(Resume resume, Duration deadline) {
        request("giving an identity", FrameType.RESUME, Requests.resume(resume), deadline);
        instance = resume.nonce().clone();
    }

    @Override
    public void network(NetworkConfig network, Duration deadline) {
        request("setting the network", FrameType.NETWORK, Requests.network(network), deadline);
    }

    @Override
    public List<String> plan(PodPlan plan, Duration deadline) {
        return decode(request("preparing containers", FrameType.PLAN, Requests.plan(plan), deadline), Answers::planned);
    }

    @Override
    public void begin(Resume resume, NetworkConfig network, PodPlan plan, Duration deadline) {
        decode(requests(
                        "beginning a pod",
                        new int[] {FrameType.RESUME, FrameType.NETWORK, FrameType.PLAN},
                        List.of(Requests.resume(resume), Requests.network(network), Requests.plan(plan)),
                        deadline).getLast(),
                Answers::planned);
        instance = resume.nonce().clone();
    }

    @Override
    public StartedContainer start(String container, Duration deadline) {
        return decode(
                request("starting container " + container, FrameType.START, Requests.container(container), deadline),
                Answers::started);
    }

    @Override
    public void signal(String container, int signal, SignalTarget target, Duration deadline) {
        signal(container, 0, signal, target, deadline);
    }

    void signal(String container, int exec, int signal, SignalTarget target, Duration deadline) {
        request(
                "sending signal " + signal + " to container " + container,
                FrameType.SIGNAL,
                Requests.signal(container, exec, signal, target),
                deadline);
    }

    @Override
    public void resizeTty(String container, int rows, int columns, Duration deadline) {
        resizeTty(container, 0, rows, columns, deadline);
    }

    void resizeTty(String container, int exec, int rows, int columns, Duration deadline) {
        request(
                "resizing the terminal of container " + container,
                FrameType.RESIZE_TTY,
                Requests.resizeTty(container, exec, rows, columns),
                deadline);
    }

    @Override
    public GuestProcess exec(ExecSpec spec, Duration deadline) {
        String what = "exec of " + spec.arguments().getFirst() + " in container " + spec.container();
        return process(what, spec, FrameType.EXEC, (id, stdio, stderr) -> Requests.exec(spec, id, stdio, stderr), deadline);
    }

    @Override
    public GuestProcess copy(CopySpec copy, Duration deadline) {
        boolean in = copy.direction() == CopySpec.Direction.IN;
        ExecSpec like = new ExecSpec(copy.container(), List.of("copy"), List.of(), "", "", false, in, 0, 0, false);
        String what = "copy of " + copy.path() + " in container " + copy.container();
        return process(what, like, FrameType.COPY, (id, stdio, stderr) -> Requests.copy(copy, id, stdio, stderr), deadline);
    }

    private interface ProcessRequest {
        byte[] payload(int id, int stdio, int stderr);
    }

    private GuestProcess process(String what, ExecSpec spec, int type, ProcessRequest asked, Duration deadline) {
        int id = lastExec.incrementAndGet();
        GuestStream stdio = stream("standard streams of " + what, GuestStream.PROCESS_WINDOW);
        GuestStream errors = spec.tty() ? null : stream("standard error of " + what, GuestStream.PROCESS_WINDOW);
        ExecProcess process = new ExecProcess(this, spec, id, stdio, errors);
        processes.put(id, process);
        try {
            byte[] payload = asked.payload(id, stdio.id, errors == null ? 0 : errors.id);
            process.started(decode(request(what, type, payload, deadline), Answers::pid));
            stdio.grantFirst();
            if (errors != null) {
                errors.grantFirst();
            }
        } catch (RuntimeException failure) {
            process.close();
            throw failure;
        }
        GuestException lost = ended.get();
        if (lost != null) {
            process.lost(lost);
        }
        return process;
    }

    @Override
    public GuestInventory list(Duration deadline) {
        return decode(request("listing containers", FrameType.LIST, new byte[0], deadline), Answers::inventory);
    }

    @Override
    public ContainerOutput openOutput(String container, OutputKind kind, long offset, Duration deadline) {
        String name = (kind == OutputKind.STDOUT ? "standard output" : "standard error") + " of container " + container;
        GuestStream stream = stream(name, GuestStream.OUTPUT_WINDOW);
        long limit = stream.beginAt(offset);
        Answers.Opened opened = open(stream, name, Requests.open(container, kind.number, stream.id, offset, limit), deadline);
        return new OutputReader(stream, name, opened.acknowledged(), () -> forget(stream));
    }

    @Override
    public ContainerInput openInput(String container, Duration deadline) {
        String name = "standard input of container " + container;
        GuestStream stream = stream(name, 0);
        stream.sendFromUnknown();
        Answers.Opened opened = open(stream, name, Requests.open(container, 0, stream.id, 0, 0), deadline);
        stream.sendFrom(opened.written());
        return new InputWriter(stream, name, () -> forget(stream));
    }

    private Answers.Opened open(GuestStream stream, String name, byte[] payload, Duration deadline) {
        try {
            return decode(request("opening " + name, FrameType.OPEN, payload, deadline), Answers::opened);
        } catch (RuntimeException failure) {
            stream.close();
            forget(stream);
            throw failure;
        }
    }

    @Override
    public void remove(String container, Duration deadline) {
        request("removing container " + container, FrameType.REMOVE, Requests.container(container), deadline);
    }

    @Override
    public void forget(Duration deadline) {
        request("making the machine as new", FrameType.FORGET, new byte[0], deadline);
    }

    @Override
    public void update(String container, Resources resources, Duration deadline) {
        request("setting limits of container " + container, FrameType.UPDATE, Requests.update(container, resources), deadline);
    }

    @Override
    public void grow(String volume, long bytes, Duration deadline) {
        request("growing volume " + volume, FrameType.GROW, Requests.grow(volume, bytes), deadline);
    }

    @Override
    public GuestStats stats(Duration deadline) {
        return decode(request("asking for usage", FrameType.STATS, new byte[0], deadline), Answers::stats);
    }

    @Override
    public boolean writeFiles(FilePush files, Duration deadline) {
        return decode(
                request("writing files of volume " + files.volume(), FrameType.WRITE_FILES, Requests.writeFiles(files), deadline),
                Answers::changed);
    }

    @Override
    public FileContent readFile(FileRequest file, Duration deadline) {
        String of = file.container().isEmpty() ? " of volume " + file.volume() : " of container " + file.container();
        return decode(
                request("reading " + file.path() + of, FrameType.READ_FILE, Requests.readFile(file), deadline), Answers::file);
    }

    @Override
    public GuestSocket connect(String address, int port, Duration timeout) {
        String name = "connection to " + (address.isEmpty() ? "localhost" : address) + " port " + port;
        GuestStream stream = stream(name, GuestStream.PROCESS_WINDOW);
        try {
            byte[] payload = Requests.connect(stream.id, address, port, Math.clamp(timeout.toMillis(), 1, 600_000));
            request("opening a " + name, FrameType.CONNECT, payload, timeout.plus(CONNECT_GRACE));
            stream.grantFirst();
        } catch (RuntimeException failure) {
            stream.close();
            forget(stream);
            throw failure;
        }
        return new StreamSocket(stream, name, () -> forget(stream));
    }

    @Override
    public void shutdown(Duration grace, Duration deadline) {
        request("shutting down", FrameType.SHUTDOWN, Requests.shutdown(Math.clamp(grace.toMillis(), 0, 600_000)), deadline);
    }

    @Override
    public boolean isOpen() {
        return ended.get() == null;
    }

    @Override
    public void close() {
        end(GuestException.disconnected("the session with machine " + machine + " was closed"));
    }

    private GuestStream stream(String name, int window) {
        GuestStream stream = new GuestStream(lastStream.incrementAndGet(), name + " in machine " + machine, outgoing, window);
        streams.put(stream.id, stream);
        GuestException lost = ended.get();
        if (lost != null) {
            stream.lost(lost);
        }
        return stream;
    }

    void forget(GuestStream stream) {
        streams.remove(stream.id);
    }

    void forget(int exec) {
        processes.remove(exec);
    }
}
