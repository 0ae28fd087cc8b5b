package io.hypernetes.guest;

import java.time.Duration;
import java.util.List;

/// What a guest can be asked for, as requests of a session.
final class GuestVerbs implements Guest {
    /// What connecting inside the guest may take beyond the time that the guest itself was given.
    private static final Duration CONNECT_GRACE = Duration.ofSeconds(5);

    private final GuestSession session;
    private volatile byte[] instance;

    GuestVerbs(GuestSession session, byte[] instance) {
        this.session = session;
        this.instance = instance;
    }

    @Override
    public byte[] instance() {
        return instance.clone();
    }

    @Override
    public HelloAnswer hello(Duration deadline) {
        return session.decode(session.request("asking for versions", FrameType.HELLO, new byte[0], deadline), Answers::hello);
    }

    @Override
    public void resume(Resume resume, Duration deadline) {
        session.request("giving an identity", FrameType.RESUME, Requests.resume(resume), deadline);
        instance = resume.nonce().clone();
    }

    @Override
    public void network(NetworkConfig network, Duration deadline) {
        session.request("setting the network", FrameType.NETWORK, Requests.network(network), deadline);
    }

    @Override
    public List<String> plan(PodPlan plan, Duration deadline) {
        return session.decode(session.request("preparing containers", FrameType.PLAN, Requests.plan(plan), deadline), Answers::planned);
    }

    @Override
    public void begin(Resume resume, NetworkConfig network, PodPlan plan, Duration deadline) {
        session.decode(session.requests(
                        "beginning a pod",
                        new int[] {FrameType.RESUME, FrameType.NETWORK, FrameType.PLAN},
                        List.of(Requests.resume(resume), Requests.network(network), Requests.plan(plan)),
                        deadline).getLast(),
                Answers::planned);
        instance = resume.nonce().clone();
    }

    @Override
    public StartedContainer start(String container, Duration deadline) {
        return session.decode(
                session.request("starting container " + container, FrameType.START, Requests.container(container), deadline),
                Answers::started);
    }

    @Override
    public void signal(String container, int signal, SignalTarget target, Duration deadline) {
        signal(container, 0, signal, target, deadline);
    }

    void signal(String container, int exec, int signal, SignalTarget target, Duration deadline) {
        session.request(
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
        session.request(
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
        int id = session.nextExec();
        GuestStream stdio = session.stream("standard streams of " + what, GuestStream.PROCESS_WINDOW);
        GuestStream errors = spec.tty() ? null : session.stream("standard error of " + what, GuestStream.PROCESS_WINDOW);
        ExecProcess process = new ExecProcess(this, spec, id, stdio, errors);
        session.follow(id, process);
        try {
            byte[] payload = asked.payload(id, stdio.id, errors == null ? 0 : errors.id);
            process.started(session.decode(session.request(what, type, payload, deadline), Answers::pid));
            stdio.grantFirst();
            if (errors != null) {
                errors.grantFirst();
            }
        } catch (RuntimeException failure) {
            process.close();
            throw failure;
        }
        GuestException lost = session.ended();
        if (lost != null) {
            process.lost(lost);
        }
        return process;
    }

    @Override
    public GuestInventory list(Duration deadline) {
        return session.decode(session.request("listing containers", FrameType.LIST, new byte[0], deadline), Answers::inventory);
    }

    @Override
    public ContainerOutput openOutput(String container, OutputKind kind, long offset, Duration deadline) {
        String name = (kind == OutputKind.STDOUT ? "standard output" : "standard error") + " of container " + container;
        GuestStream stream = session.stream(name, GuestStream.OUTPUT_WINDOW);
        long limit = stream.beginAt(offset);
        Answers.Opened opened = open(stream, name, Requests.open(container, kind.number, stream.id, offset, limit), deadline);
        return new OutputReader(stream, name, opened.acknowledged(), () -> session.forget(stream));
    }

    @Override
    public ContainerInput openInput(String container, Duration deadline) {
        String name = "standard input of container " + container;
        GuestStream stream = session.stream(name, 0);
        stream.sendFromUnknown();
        Answers.Opened opened = open(stream, name, Requests.open(container, 0, stream.id, 0, 0), deadline);
        stream.sendFrom(opened.written());
        return new InputWriter(stream, name, () -> session.forget(stream));
    }

    private Answers.Opened open(GuestStream stream, String name, byte[] payload, Duration deadline) {
        try {
            return session.decode(session.request("opening " + name, FrameType.OPEN, payload, deadline), Answers::opened);
        } catch (RuntimeException failure) {
            stream.close();
            session.forget(stream);
            throw failure;
        }
    }

    @Override
    public void remove(String container, Duration deadline) {
        session.request("removing container " + container, FrameType.REMOVE, Requests.container(container), deadline);
    }

    @Override
    public void forget(Duration deadline) {
        session.request("making the machine as new", FrameType.FORGET, new byte[0], deadline);
    }

    @Override
    public void update(String container, Resources resources, Duration deadline) {
        session.request("setting limits of container " + container, FrameType.UPDATE, Requests.update(container, resources), deadline);
    }

    @Override
    public void grow(String volume, long bytes, Duration deadline) {
        session.request("growing volume " + volume, FrameType.GROW, Requests.grow(volume, bytes), deadline);
    }

    @Override
    public GuestStats stats(Duration deadline) {
        return session.decode(session.request("asking for usage", FrameType.STATS, new byte[0], deadline), Answers::stats);
    }

    @Override
    public boolean writeFiles(FilePush files, Duration deadline) {
        return session.decode(
                session.request("writing files of volume " + files.volume(), FrameType.WRITE_FILES, Requests.writeFiles(files), deadline),
                Answers::changed);
    }

    @Override
    public FileContent readFile(FileRequest file, Duration deadline) {
        String of = file.container().isEmpty() ? " of volume " + file.volume() : " of container " + file.container();
        return session.decode(
                session.request("reading " + file.path() + of, FrameType.READ_FILE, Requests.readFile(file), deadline), Answers::file);
    }

    @Override
    public GuestSocket connect(String address, int port, Duration timeout) {
        String name = "connection to " + (address.isEmpty() ? "localhost" : address) + " port " + port;
        GuestStream stream = session.stream(name, GuestStream.PROCESS_WINDOW);
        try {
            byte[] payload = Requests.connect(stream.id, address, port, Math.clamp(timeout.toMillis(), 1, 600_000));
            session.request("opening a " + name, FrameType.CONNECT, payload, timeout.plus(CONNECT_GRACE));
            stream.grantFirst();
        } catch (RuntimeException failure) {
            stream.close();
            session.forget(stream);
            throw failure;
        }
        return new StreamSocket(stream, name, () -> session.forget(stream));
    }

    @Override
    public void shutdown(Duration grace, Duration deadline) {
        session.request("shutting down", FrameType.SHUTDOWN, Requests.shutdown(Math.clamp(grace.toMillis(), 0, 600_000)), deadline);
    }

    @Override
    public boolean isOpen() {
        return session.ended() == null;
    }

    @Override
    public void close() {
        session.end(GuestException.disconnected("the session with machine " + session.machine() + " was closed"));
    }

    // What a process does that one of them made.

    void forget(GuestStream stream) {
        session.forget(stream);
    }

    void forget(int exec) {
        session.forget(exec);
    }
}
