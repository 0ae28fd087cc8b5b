package io.hypernetes.network;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FairRoomTest {
    @Test
    void nobodyHasMoreThanIsForOneNorKeepsOthersFromALittle() {
        FairRoom room = new FairRoom(10, 6, 2);
        FairRoom.Share hog = room.share();
        FairRoom.Share accomplice = room.share();
        FairRoom.Share modest = room.share();
        assertThat(hog.tryTake(6)).isTrue();
        assertThat(hog.tryTake(1)).isFalse();
        assertThat(accomplice.tryTake(5)).as("more than there is").isFalse();
        assertThat(accomplice.tryTake(4)).isTrue();
        assertThat(accomplice.tryTake(1)).isFalse();
        assertThat(modest.tryTake(2)).as("when all is taken").isTrue();
        assertThat(modest.tryTake(1)).isFalse();
        accomplice.giveBack(4);
        assertThat(modest.tryTake(1)).as("when something is free").isTrue();
        assertThat(hog.hasRoomAgain()).isFalse();
        hog.giveBack(6);
        assertThat(hog.hasRoomAgain()).isTrue();
    }
}
