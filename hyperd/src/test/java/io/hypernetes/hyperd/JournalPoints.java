package io.hypernetes.hyperd;

import io.hypernetes.hyperd.journal.Journal;
import io.hypernetes.network.local.LocalNetwork;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LineNumber;
import java.lang.constant.ConstantDesc;
import java.lang.constant.DirectMethodHandleDesc;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;

/// All places in the code of engine and network that write to the journal, read from their classes: so a new one cannot be forgotten by who kills
/// the engine at each of them.
///
/// A place is a call of what commits to the store. What only passes on what others write (the journals themselves, and methods that are given a
/// change or a whole record of the Docker face) is none: there it is their callers who say when something is written.
final class JournalPoints {
    private static final String STORE = "io/hypernetes/store/Store";
    private static final List<String> JOURNALS = List.of("io/hypernetes/hyperd/journal/Journal", "io/hypernetes/hyperd/docker/DockerJournal");
    private static final List<String> PASSED_ON = List.of("(Ljava/util/function/UnaryOperator;)V", "(Lio/hypernetes/hyperd/docker/DockerRecord;)V");

    private static final List<String> PASSING_ON = List.of("update", "note", "becomeReady");

    private JournalPoints() {}

    /// A place.
    ///
    /// @param type the class, with its package
    /// @param method in which it is written down, also when a lambda of that method does it
    record Point(String type, String method, int line) implements Comparable<Point> {
        static Point parse(String text) {
            int hash = text.indexOf('#');
            int colon = text.indexOf(':', hash);
            return new Point(text.substring(0, hash), text.substring(hash + 1, colon), Integer.parseInt(text.substring(colon + 1)));
        }

        static Point of(StackWalker.StackFrame frame) {
            return new Point(frame.getClassName(), written(frame.getMethodName()), frame.getLineNumber());
        }

        /// As `Sandbox#giveBack`.
        String name() {
            return type.substring(type.lastIndexOf('.') + 1) + "#" + method;
        }

        @Override
        public String toString() {
            return type + "#" + method + ":" + line;
        }

        @Override
        public int compareTo(Point other) {
            return toString().compareTo(other.toString());
        }
    }

    private record Call(Point from, String fromDescriptor, String owner, String name, String descriptor) {}

    /// The one at which a commit with this stack, innermost frame first, was made.
    static Optional<Point> of(List<Point> stack, Collection<Point> all) {
        return stack.stream().filter(all::contains).findFirst();
    }

    static SortedSet<Point> all() throws Exception {
        List<Call> calls = new ArrayList<>();
        for (Class<?> one : List.of(Journal.class, LocalNetwork.class)) {
            Path place = Path.of(one.getProtectionDomain().getCodeSource().getLocation().toURI());
            if (Files.isDirectory(place)) {
                calls(place, calls);
            } else {
                try (FileSystem jar = FileSystems.newFileSystem(place)) {
                    calls(jar.getPath("/"), calls);
                }
            }
        }
        SortedSet<Point> points = new TreeSet<>();
        for (Call call : calls) {
            if (writes(call) && !passesOn(call.from(), call.fromDescriptor())) {
                points.add(call.from());
            }
        }
        return points;
    }

    private static boolean writes(Call call) {
        return call.owner().equals(STORE) && call.name().equals("commit")
                || JOURNALS.contains(call.owner()) && call.descriptor().endsWith(")V") && !call.name().equals("<init>")
                || call.owner().startsWith("io/hypernetes/hyperd/") && PASSED_ON.contains(call.descriptor()) && PASSING_ON.contains(call.name())
                || call.owner().endsWith("/docker/Standing") && call.name().equals("gone");
    }

    private static boolean passesOn(Point from, String descriptor) {
        String type = from.type().replace('.', '/');
        return JOURNALS.contains(type) || type.endsWith("/docker/Standing") || PASSED_ON.contains(descriptor) && PASSING_ON.contains(from.method());
    }

    private static void calls(Path classes, List<Call> calls) throws IOException {
        try (Stream<Path> files = Files.walk(classes)) {
            for (Path file : (Iterable<Path>) files.filter(path -> path.toString().endsWith(".class"))::iterator) {
                ClassModel type = ClassFile.of().parse(Files.readAllBytes(file));
                for (MethodModel method : type.methods()) {
                    calls(type, method, calls);
                }
            }
        } catch (UncheckedIOException unreadable) {
            throw new IOException("reading the classes in " + classes, unreadable);
        }
    }

    private static void calls(ClassModel type, MethodModel method, List<Call> calls) {
        String name = type.thisClass().asInternalName().replace('/', '.');
        // Of a lambda the parameters are no parameters of the method in which it is written.
        String descriptor = method.methodName().stringValue().startsWith("lambda$") ? "" : method.methodType().stringValue();
        int line = 0;
        for (CodeElement element : method.code().map(code -> (Iterable<CodeElement>) code).orElse(List.of())) {
            Point here = new Point(name, written(method.methodName().stringValue()), line);
            switch (element) {
                case LineNumber next -> line = next.line();
                case InvokeInstruction call -> calls.add(new Call(
                        here, descriptor, call.owner().asInternalName(), call.name().stringValue(), call.type().stringValue()));
                case InvokeDynamicInstruction made -> {
                    for (ConstantDesc constant : made.bootstrapArgs()) {
                        if (constant instanceof DirectMethodHandleDesc handle) {
                            String owner = handle.owner().descriptorString().replaceAll("^L|;$", "");
                            Call call = new Call(here, descriptor, owner, handle.methodName(), handle.lookupDescriptor());
                            if (!handle.methodName().startsWith("lambda$") && writes(call)) {
                                throw new IllegalStateException("at " + here + " the journal is written to by a method reference, of which nobody can tell where it is called");
                            }
                        }
                    }
                }
                default -> {}
            }
        }
    }

    private static String written(String method) {
        return method.startsWith("lambda$") ? method.substring(7, method.lastIndexOf('$')) : method;
    }
}
