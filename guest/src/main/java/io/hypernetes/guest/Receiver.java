package io.hypernetes.guest;

import java.io.IOException;

/// The reading thread of a session: takes frame after frame and gives each to whom it belongs, without ever waiting for anybody but the
/// guest.
final class Receiver {
    /// Where frames go.
    interface Sink {
        /// Whether an answer of that type may come to that request; throws when not.
        void expectAnswer(int request, int type);

        void answer(int request, int type, Message message);

        void event(int type, Message message);

        /// A frame of a stream; ids that are not open are ignored.
        void stream(int id, int type, byte[] payload);
    }

    private final FrameReader frames;
    private final Sink sink;
    private final Assembly assembly = new Assembly();

    Receiver(GuestConnection connection, Sink sink) {
        this.frames = new FrameReader(connection);
        this.sink = sink;
    }

    /// Reads until the connection ends or the guest breaks the protocol.
    ///
    /// @param mark what stands before the first frame
    void run(byte[] mark) throws IOException {
        frames.skipPast(mark);
        Frame first = frames.next();
        if (first.type() != FrameType.ANSWER + FrameType.ATTACH && first.type() != FrameType.ERROR) {
            throw GuestException.protocol("a session that does not begin with the answer to ATTACH");
        }
        dispatch(first);
        while (true) {
            dispatch(frames.next());
        }
    }

    private void dispatch(Frame frame) {
        if (frame.stream() != 0) {
            if (frame.request() != 0 || frame.more()) {
                throw GuestException.protocol("a frame of a stream with a request id or MORE");
            }
            sink.stream(frame.stream(), frame.type(), frame.payload());
            return;
        }
        boolean isEvent = frame.type() == FrameType.EXITED || frame.type() == FrameType.OOM;
        if (isEvent) {
            if (frame.request() != 0 || frame.more()) {
                throw GuestException.protocol("an event with a request id or MORE");
            }
            if (assembly.isOpen()) {
                throw GuestException.protocol("an event within a message");
            }
            sink.event(frame.type(), Message.parse(frame.payload()));
            return;
        }
        // Before a byte of it is kept, so that nobody fills the memory with what nobody asked for.
        sink.expectAnswer(frame.request(), frame.type());
        byte[] message = assembly.add(frame);
        if (message != null) {
            sink.answer(frame.request(), frame.type(), Message.parse(message));
        }
    }
}
