package io.hypernetes.guest;

/// Numbers of the frame types.
final class FrameType {
    static final int ATTACH = 0x0001;
    static final int HELLO = 0x0002;
    static final int RESUME = 0x0003;
    static final int NETWORK = 0x0004;
    static final int PLAN = 0x0005;
    static final int START = 0x0006;
    static final int SIGNAL = 0x0007;
    static final int EXEC = 0x0008;
    static final int RESIZE_TTY = 0x0009;
    static final int LIST = 0x000A;
    static final int OPEN = 0x000B;
    static final int REMOVE = 0x000C;
    static final int UPDATE = 0x000D;
    static final int STATS = 0x000E;
    static final int WRITE_FILES = 0x000F;
    static final int READ_FILE = 0x0010;
    static final int CONNECT = 0x0011;
    static final int SHUTDOWN = 0x0012;
    static final int COPY = 0x0013;
    static final int FORGET = 0x0014;
    static final int GROW = 0x0015;
    static final int DATA = 0x2001;
    static final int WINDOW = 0x2002;
    static final int END = 0x2003;
    static final int CLOSE = 0x2004;
    static final int EXITED = 0x4001;
    static final int OOM = 0x4002;
    static final int ERROR = 0xFFFF;
    /// The answer to request type t has type t + ANSWER.
    static final int ANSWER = 0x8000;

    private FrameType() {}
}
