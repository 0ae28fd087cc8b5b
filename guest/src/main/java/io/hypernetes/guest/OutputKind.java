package io.hypernetes.guest;

/// The outputs of a container. With a terminal there is only `STDOUT`.
public enum OutputKind {
    STDOUT(1),
    STDERR(2);

    final int number;

    OutputKind(int number) {
        this.number = number;
    }
}
