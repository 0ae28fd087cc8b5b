package io.hypernetes.cli;

import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// How passwords come in: typed unseen on a terminal, or as the first line of standard input. Never as an argument, which everybody on the machine
/// could read.
final class Passwords {
    private Passwords() {}

    /// Asks for a password that is there already.
    ///
    /// @param standardInput whether to read standard input instead of a terminal
    static char[] ask(String prompt, boolean standardInput) {
        if (standardInput) {
            return line();
        }
        char[] typed = terminal().readPassword("%s", prompt);
        if (typed == null) {
            throw new UsageException("no password was given");
        }
        return typed;
    }

    /// Asks for a new password, on a terminal twice.
    static char[] choose(String user, boolean standardInput) {
        char[] first = ask("New password of " + user + ": ", standardInput);
        if (!standardInput) {
            char[] second = ask("Once more: ", false);
            boolean equal = Arrays.equals(first, second);
            Arrays.fill(second, '\0');
            if (!equal) {
                throw new UsageException("the two passwords differ; nothing was changed");
            }
        }
        return first;
    }

    private static Console terminal() {
        Console console = System.console();
        if (console == null || !console.isTerminal()) {
            throw new UsageException("there is no terminal to ask for the password on; use --password-stdin and write it to standard input");
        }
        return console;
    }

    private static char[] line() {
        try {
            String line = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
            if (line == null || line.isEmpty()) {
                throw new UsageException("standard input holds no password");
            }
            return line.toCharArray();
        } catch (IOException e) {
            throw new UsageException("reading the password from standard input: " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }
}
