package io.hypernetes.objects.crd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class MemberPathTest {
    @Test
    void membersAreNamed() {
        assertThat(MemberPath.parse(".spec.a\\.b['c.d'].e").names()).containsExactly("spec", "a.b", "c.d", "e");
    }

    @Test
    void otherPathsAreRefused() {
        for (var path : List.of("", "spec", ".", ".a..b", ".a[0]", ".a[*]", ".a.*", ".a['b", ".a['b'", ".a[", ".a" + ".b".repeat(60))) {
            assertThatThrownBy(() -> MemberPath.parse(path)).as(path).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
