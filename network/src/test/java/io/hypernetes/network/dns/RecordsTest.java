package io.hypernetes.network.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class RecordsTest {
    @Test
    void whateverOthersAnswerIsReadOrLeft() {
        Random random = new Random(3);
        for (int i = 0; i < 20_000; i++) {
            byte[] answer = new byte[random.nextInt(80)];
            random.nextBytes(answer);
            assertThat(Records.read(answer, "x", Query.A)).allMatch(record -> record.data().length == 4);
        }
    }
}
