package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.HotSpotDiagnosticMXBean;
import io.hypernetes.cli.HeapTide.Room;
import io.hypernetes.cli.HeapTide.Tide;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class HeapTideTest {
    private static final long MIB = 1L << 20;

    @Test
    void theHeapIsLookedAtWhenAFifthOfItMayBeGarbage() {
        assertThat(Room.NARROW.isDue(220 * MIB, 200 * MIB)).isFalse();
        assertThat(Room.NARROW.isDue(280 * MIB, 200 * MIB)).isTrue();
    }

    @Test
    void aSmallHeapIsLeftAlone() {
        assertThat(Room.NARROW.isDue(20 * MIB, 0)).isFalse();
        assertThat(Room.NARROW.isDue(30 * MIB, 10 * MIB)).isFalse();
        assertThat(Room.NARROW.isDue(40 * MIB, 10 * MIB)).isTrue();
    }

    @Test
    void aBusyProcessIsStoppedLessOften() {
        assertThat(Room.WIDE.isDue(280 * MIB, 200 * MIB)).isFalse();
        assertThat(Room.WIDE.isDue(370 * MIB, 200 * MIB)).isTrue();
    }

    @Test
    void theHeapRisesWhenYoungCollectionsComeFast() {
        Tide tide = new Tide();

        assertThat(tide.turn(3)).isEmpty();
        assertThat(tide.turn(8)).contains(Room.WIDE);
        // Not before the collection may come.
        assertThat(tide.turn(20)).contains(Room.WIDE);
        tide.is(Room.WIDE);
        assertThat(tide.turn(20)).isEmpty();
    }

    @Test
    void theHeapFallsWhenNoYoungCollectionCameForAWhile() {
        Tide tide = new Tide();
        tide.is(Room.WIDE);

        quietLooks(tide, 7);
        // A large young generation is seldom full, and this is no rest.
        assertThat(tide.turn(1)).isEmpty();
        quietLooks(tide, 7);
        assertThat(tide.turn(0)).contains(Room.NARROW);
        tide.is(Room.NARROW);
        assertThat(tide.turn(0)).isEmpty();
    }

    private static void quietLooks(Tide tide, int count) {
        for (int i = 0; i < count; i++) {
            assertThat(tide.turn(0)).isEmpty();
        }
    }

    @Test
    void eachRoomIsTakenByTheVirtualMachine() {
        HotSpotDiagnosticMXBean options = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        String least = options.getVMOption("MinHeapFreeRatio").getValue(), most = options.getVMOption("MaxHeapFreeRatio").getValue();
        try {
            Map<Room, List<String>> wanted = Map.of(Room.NARROW, List.of("3", "8"), Room.WIDE, List.of("97", "99"));
            for (Room room : List.of(Room.NARROW, Room.WIDE, Room.NARROW)) {
                room.set(options);
                assertThat(Stream.of("MinHeapFreeRatio", "MaxHeapFreeRatio").map(name -> options.getVMOption(name).getValue()).toList())
                        .as("%s", room)
                        .isEqualTo(wanted.get(room));
            }
        } finally {
            options.setVMOption("MinHeapFreeRatio", "0");
            options.setVMOption("MaxHeapFreeRatio", most);
            options.setVMOption("MinHeapFreeRatio", least);
        }
    }
}
