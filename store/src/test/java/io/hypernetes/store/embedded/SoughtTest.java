package io.hypernetes.store.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SoughtTest {
    /// Letters around all places where the orders of chars and of code points differ.
    private static final List<String> LETTERS = List.of("", "/", "a", "\u00e4", "\ud7ff", "\ud800\udc00", "\udbff\udfff", "\ue000", "\uffff");

    @Test
    void theOrderIsThatOfKeys() {
        for (String before : LETTERS) {
            for (String mine : LETTERS) {
                for (String other : LETTERS) {
                    for (String behind : LETTERS) {
                        String a = "/t" + before + mine + behind;
                        String b = "/t" + before + other;
                        assertThat(Integer.signum(new Sought(a).order(b))).as("%s, %s", a, b).isEqualTo(Integer.signum(Utf8Order.compare(b, a)));
                        assertThat(Integer.signum(new Sought(b).order(a))).as("%s, %s", b, a).isEqualTo(Integer.signum(Utf8Order.compare(a, b)));
                    }
                }
            }
        }
    }
}
