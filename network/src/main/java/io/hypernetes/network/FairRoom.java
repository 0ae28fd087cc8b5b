package io.hypernetes.network;

/// Room for so much of something on a node, whoever has it. One has no more than so much of it, and when all is taken those still get some who have little: so nobody keeps the others out, and
/// many who each take what one may have do not fill the memory of a process that all share. Safe for use by many threads.
public final class FairRoom {
    private final long mostOfAll;
    private final long mostOfOne;
    private final long always;
    private long taken; // guarded by this, as what each has

    /// @param mostOfAll how much there is
    /// @param mostOfOne how much of it one may have
    /// @param always as much one gets even when all is taken
    public FairRoom(long mostOfAll, long mostOfOne, long always) {
        this.mostOfAll = mostOfAll;
        this.mostOfOne = mostOfOne;
        this.always = always;
    }

    /// For somebody who has nothing yet.
    public Share share() {
        return new Share();
    }

    /// What one has of it.
    public final class Share {
        private long own;

        private Share() {}

        /// False when there is no room.
        public boolean tryTake(long units) {
            synchronized (FairRoom.this) {
                boolean room = own + units <= mostOfOne && (taken + units <= mostOfAll || own + units <= always);
                if (room) {
                    own += units;
                    taken += units;
                }
                return room;
            }
        }

        public void giveBack(long units) {
            synchronized (FairRoom.this) {
                own -= units;
                taken -= units;
            }
        }

        /// Whether there is room for a quarter of what one may have: so much that who was refused does well to ask again.
        public boolean hasRoomAgain() {
            synchronized (FairRoom.this) {
                long units = mostOfOne / 4;
                return own + units <= mostOfOne && (taken + units <= mostOfAll || own + always / 4 <= always);
            }
        }
    }
}
