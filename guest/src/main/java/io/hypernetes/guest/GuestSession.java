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
/// lives until its first failure; [#end] is the one way out. What can be asked for in it is [GuestVerbs].
final class GuestSession implements Receiver.Sink {
    private static final Logger LOG = LoggerFactory.getLogger(GuestSession.class);

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

    private GuestSession(String machine, GuestConnection connection) {
        this.machine = machine;
        this.connection = connection;
    }

    static Guest attach(
            String machine, GuestConnection connection, Guest.Freshness freshness, GuestListener listener, Duration deadline) {
        GuestSession session = new GuestSession(machine, connection);
        byte[] instance;
        try {
            instance = session.open(freshness, deadline);
        } catch (GuestException failure) {
            session.end(failure);
            throw failure;
        }
        session.thread("events", () -> session.events.deliverAll(machine, listener));
        LOG.info("event=guest-attached machine={}", machine);
        return new GuestVerbs(session, instance);
    }

    /// @return what the guest calls itself
    private byte[] open(Guest.Freshness freshness, Duration deadline) {
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
        return attached.instance();
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

    /// Ends it, unless it has ended before.
    void end(GuestException why) {
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

    /// Sends a request and waits for its answer.
    ///
    /// @param what for messages
    Message request(String what, int type, byte[] payload, Duration deadline) {
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
    List<Message> requests(String what, int[] types, List<byte[]> payloads, Duration deadline) {
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
    <T> T decode(Message message, Function<Message, T> reading) {
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

    // What is under way.

    String machine() {
        return machine;
    }

    /// Why it has ended; null while it has not.
    @Nullable GuestException ended() {
        return ended.get();
    }

    /// A new stream, which is lost at once when the session is.
    GuestStream stream(String name, int window) {
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

    int nextExec() {
        return lastExec.incrementAndGet();
    }

    /// Tells the process from now on how it fares.
    void follow(int exec, ExecProcess process) {
        processes.put(exec, process);
    }

    void forget(int exec) {
        processes.remove(exec);
    }
}
