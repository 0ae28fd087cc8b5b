package io.hypernetes.objects;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.lang.ref.SoftReference;
import org.jspecify.annotations.Nullable;

/// A regular expression that somebody outside gave, in the syntax of RE2. All such are compiled here and nowhere else, as a short one can ask for
/// more memory than there is. Thread-safe.
///
/// A step is one instruction for one character. What is compiled is held only as long as there is room.
public final class TextPattern {
    /// To compile an instruction takes as long as so many steps of a search.
    private static final long STEPS_TO_COMPILE = 50;

    /// Of how many pairs of characters the compiler copies one in the time of a step: it puts literals together one after the other.
    private static final long PAIRS_A_STEP = 64;

    private final String text;
    private final PatternSize size;
    private volatile @Nullable SoftReference<Pattern> compiled;
    /// Why it is none, once that was seen.
    private volatile @Nullable String refusal;

    private TextPattern(String text, PatternSize size) {
        this.text = text;
        this.size = size;
    }

    /// Reads a regular expression without compiling it.
    ///
    /// @throws IllegalArgumentException in Go's words, when it is too large or nested too deeply
    public static TextPattern of(String text) {
        return new TextPattern(text, PatternSize.of(text));
    }

    /// As it was written.
    public String text() {
        return text;
    }

    /// The most instructions that its program has.
    public int size() {
        return size.instructions();
    }

    /// How many steps it takes to compile it, at most.
    public long stepsToCompile() {
        return STEPS_TO_COMPILE * (size.instructions() + size.classes()) + (long) text.length() * text.length() / PAIRS_A_STEP;
    }

    /// Compiles it, unless that was done.
    ///
    /// @throws IllegalArgumentException when it is no regular expression
    public void compile() {
        program();
    }

    /// Whether it is a regular expression; compiles it, unless that was done.
    public boolean isSound() {
        try {
            program();
            return true;
        } catch (IllegalArgumentException none) {
            return false;
        }
    }

    private Pattern program() {
        String why = refusal;
        if (why != null) {
            throw new IllegalArgumentException(why);
        }
        SoftReference<Pattern> held = compiled;
        Pattern known = held == null ? null : held.get();
        if (known != null) {
            return known;
        }
        try {
            Pattern made = Pattern.compile(text);
            compiled = new SoftReference<>(made);
            return made;
        } catch (PatternSyntaxException e) {
            refusal = e.getMessage();
            throw new IllegalArgumentException(e.getMessage(), e);
        } catch (StackOverflowError e) {
            throw PatternSize.refused("expression nests too deeply", text);
        }
    }

    /// A search in a text.
    ///
    /// @param most how many steps it may take
    /// @throws IllegalArgumentException when it is no regular expression
    public Search in(String searched, long most) {
        Read read = new Read(searched, most);
        return new Search(program().matcher(read), read);
    }

    /// Finds one place after the other. For one thread.
    public final class Search {
        private final Matcher matcher;
        private final Read read;

        private Search(Matcher matcher, Read read) {
            this.matcher = matcher;
            this.read = read;
        }

        /// Whether there is one, or one more.
        ///
        /// @throws IllegalArgumentException when it takes more steps than it may
        public boolean find() {
            try {
                // Also where no character is left, a search looks at all that the program begins with.
                read.step();
                return matcher.find();
            } catch (StackOverflowError e) {
                throw PatternSize.refused("expression nests too deeply", text);
            }
        }

        /// What is at the place that was found.
        public String found() {
            return matcher.group();
        }

        /// How many steps were taken, at most.
        public long steps() {
            return read.steps;
        }
    }

    /// A text that counts how often it is looked at: a search may begin anew behind each of the places that it finds.
    private final class Read implements CharSequence {
        private final String read;
        private final long most;
        private long steps;

        Read(String read, long most) {
            this.read = read;
            this.most = most;
        }

        @Override
        public char charAt(int index) {
            step();
            return read.charAt(index);
        }

        private void step() {
            steps += size.instructions();
            if (steps > most) {
                throw new IllegalArgumentException("the text is too long to be searched for `"
                        + (text.length() > 100 ? text.substring(0, 100) + "..." : text) + "`");
            }
        }

        @Override
        public int length() {
            return read.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return read.substring(start, end);
        }

        @Override
        public String toString() {
            return read;
        }
    }

    @Override
    public String toString() {
        return text;
    }
}
