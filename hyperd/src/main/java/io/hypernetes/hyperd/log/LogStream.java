package io.hypernetes.hyperd.log;

/// The two outputs of a container, named as in its log.
public enum LogStream {
    STDOUT("stdout"),
    STDERR("stderr");

    private final String word;

    LogStream(String word) {
        this.word = word;
    }

    /// As written in a log line.
    public String word() {
        return word;
    }
}
