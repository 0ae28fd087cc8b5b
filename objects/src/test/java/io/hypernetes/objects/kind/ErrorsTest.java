package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ErrorsTest {
    private static Consumer<Errors> faulty(int first, int last) {
        return errors -> {
            for (int i = first; i < last; i++) {
                errors.required("spec.a[" + i + "]", "");
            }
        };
    }

    private static List<String> paths(Errors errors) {
        return errors.list().stream().map(FieldError::path).toList();
    }

    @Test
    void whatWasWrongBeforeIsLetBe() {
        Errors errors = new Errors();
        assertThat(errors.addNew(faulty(0, 0), _ -> { throw new AssertionError("nobody asked"); })).isFalse();
        assertThat(errors.addNew(faulty(0, 2), faulty(0, 3))).isTrue();
        assertThat(errors.list()).isEmpty();
        assertThat(errors.addNew(faulty(0, 3), faulty(0, 2))).isTrue();
        assertThat(errors.addNew(faulty(4, 5), faulty(0, 0))).isFalse();
        assertThat(paths(errors)).containsExactly("spec.a[2]", "spec.a[4]");
    }

    @Test
    void whatIsNewIsFoundBehindMuchThatIsOld() {
        Errors errors = new Errors();
        errors.addNew(faulty(0, 5001), faulty(0, 5000));
        assertThat(paths(errors)).containsExactly("spec.a[5000]");
    }

    @Test
    void soMuchOldThatNothingNewIsFoundIsLetBeWhenNothingWasChanged() {
        Errors errors = new Errors();
        errors.addNew(faulty(0, 100_000), faulty(0, 100_000), false);
        assertThat(errors.list()).isEmpty();
        errors.addNew(faulty(0, 100_000), faulty(0, 100_000), true);
        assertThat(errors.list()).hasSize(200);
    }

    /// Each may show a list of megabytes, which is not kept and yet compared to its end.
    @Test
    void longWordsAreComparedWhole() {
        String words = "x".repeat(1 << 20);
        Errors errors = new Errors();
        assertThat(errors.addNew(now -> now.invalid("spec.a", words + "b", ""), before -> before.invalid("spec.a", words + "b", ""))).isTrue();
        assertThat(errors.list()).isEmpty();
        assertThat(errors.addNew(now -> now.invalid("spec.a", words + "b", ""), before -> before.invalid("spec.a", words + "a", ""))).isTrue();
        assertThat(errors.list()).hasSize(1);
    }

    @Test
    void whatIsWrongIsCountedWhereItIsComparedAndWhereItIsNoLongerKept() {
        Errors errors = new Errors();
        errors.addNew(
                now -> {
                    faulty(0, 3).accept(now);
                    assertThat(now.count()).isEqualTo(3);
                },
                faulty(0, 3));
        assertThat(errors.count()).isZero();
        faulty(0, 250).accept(errors);
        assertThat(errors.list()).hasSize(200);
        assertThat(errors.count()).isEqualTo(250);
    }
}
