package io.hypernetes.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PiecesTest {
    private static final ByteBufAllocator ALLOCATOR = ByteBufAllocator.DEFAULT;

    @Test
    void piecesTogetherAreTheChunksAndAllButTheLastAreFull() {
        var random = new Random(7);
        for (int round = 0; round < 50; round++) {
            var chunks = new ArrayList<byte[]>();
            var whole = new ByteArrayOutputStream();
            for (int i = random.nextInt(40); i > 0; i--) {
                // Some are empty, some longer than a piece, some end exactly where a piece does.
                var chunk = new byte[random.nextInt(5) == 0 ? Pieces.BYTES * random.nextInt(3) : random.nextInt(30_000)];
                random.nextBytes(chunk);
                chunks.add(chunk);
                whole.writeBytes(chunk);
            }
            var pieces = new Pieces(chunks.stream().map(Part::of).toList(), whole.size());
            var made = new ArrayList<byte[]>();
            for (var piece = pieces.next(ALLOCATOR); piece.isReadable(); piece = pieces.next(ALLOCATOR)) {
                made.add(ByteBufUtil.getBytes(piece));
                piece.release();
            }
            var together = new ByteArrayOutputStream();
            made.forEach(together::writeBytes);
            assertThat(together.toByteArray()).isEqualTo(whole.toByteArray());
            assertThat(made.isEmpty() ? made : made.subList(0, made.size() - 1)).allMatch(piece -> piece.length == Pieces.BYTES);
        }
    }

    @Test
    void nothingIsNoPiece() {
        assertThat(new Pieces(List.of(), 0).next(ALLOCATOR).isReadable()).isFalse();
    }
}
