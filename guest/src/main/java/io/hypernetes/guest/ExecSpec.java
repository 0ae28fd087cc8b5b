package io.hypernetes.guest;

import java.util.List;

/// A process to run in a running container.
///
/// @param container the container's id
/// @param arguments the first is looked up in PATH when it has no slash
/// @param environment `NAME=value`, added over the container's own
/// @param directory empty for the container's
/// @param user as in an image: `name`, `uid`, `name:group`, `uid:gid`; empty for the container's
/// @param tty whether it runs on a terminal; standard error is then part of standard output
/// @param stdin whether standard input is a stream; else `/dev/null`
/// @param rows first size of the terminal; 0 for 24
/// @param columns first size of the terminal; 0 for 80
/// @param privileged with all capabilities
public record ExecSpec(
        String container,
        List<String> arguments,
        List<String> environment,
        String directory,
        String user,
        boolean tty,
        boolean stdin,
        int rows,
        int columns,
        boolean privileged) {

    public ExecSpec {
        arguments = List.copyOf(arguments);
        environment = List.copyOf(environment);
        if (arguments.isEmpty()) {
            throw new IllegalArgumentException("exec in container " + container + ": no command was given");
        }
    }

    /// A process without terminal, standard input or anything of its own.
    public static ExecSpec of(String container, List<String> arguments) {
        return new ExecSpec(container, arguments, List.of(), "", "", false, false, 0, 0, false);
    }
}
