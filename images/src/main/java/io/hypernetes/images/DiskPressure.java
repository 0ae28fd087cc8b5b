package io.hypernetes.images;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps room on the disk of the images: what nobody needs goes when it is too full, or when more is wanted than is free. Safe for use by many threads.
final class DiskPressure {
    private static final Logger LOG = LoggerFactory.getLogger(DiskPressure.class);

    private final Path folder;
    private final ImageShelf shelf;
    private final Blobs blobs;
    private final DiskSpace space;
    private final ImageSettings settings;
    private final Clock clock;

    DiskPressure(Path folder, ImageShelf shelf, Blobs blobs, DiskSpace space, ImageSettings settings, Clock clock) {
        this.folder = folder;
        this.shelf = shelf;
        this.blobs = blobs;
        this.space = space;
        this.settings = settings;
        this.clock = clock;
    }

    /// Sees to it that so much is free beside what stays reserved.
    ///
    /// @throws ImageException when there is not
    void require(String what, long bytes) throws IOException {
        relieve(bytes);
        long free = space.room().usableBytes();
        if (free - settings.disk().reservedBytes() < Math.max(bytes, 0)) {
            throw new ImageException(ImageException.Reason.NO_SPACE, what + " needs " + bytes + " bytes, on the disk of "
                    + folder + " " + free + " are free and " + settings.disk().reservedBytes()
                    + " stay reserved; remove images or make room");
        }
    }

    /// To be called now and then.
    void watch() {
        try {
            relieve(0);
            sweepIncoming();
        } catch (IOException | RuntimeException e) {
            LOG.warn("event=image-disk-check-failed folder={} error=\"{}\"", folder, e.getMessage());
        }
    }

    /// A broken pull may go on within its time; then nobody will ask for these any more.
    void sweepIncoming() throws IOException {
        blobs.sweepIncoming(clock.instant().minus(settings.disk().incomingAge()), settings.limits().layerBytes());
    }

    /// Makes room when the disk is too full or `bytes` more are wanted: first what broken pulls left, then unused images, the longest
    /// unused first.
    private void relieve(long bytes) throws IOException {
        ImageSettings.Disk disk = settings.disk();
        synchronized (shelf) {
            DiskSpace.Room before = space.room();
            if (before.usedPercent() <= disk.highPercent() && before.usableBytes() - disk.reservedBytes() >= bytes) {
                return;
            }
            blobs.sweepIncoming(clock.instant(), 0);
            shelf.sweep();
            int enough = before.usedPercent() > disk.highPercent() ? disk.lowPercent() : disk.highPercent();
            long youngest = clock.instant().minus(disk.youngestRemoved()).getEpochSecond();
            List<Catalogue.Item> candidates = new ArrayList<>(shelf.catalogue().unleased());
            candidates.sort(Comparator.comparingLong(Catalogue.Item::usedSeconds));
            for (Catalogue.Item item : candidates) {
                DiskSpace.Room room = space.room();
                if ((room.usedPercent() <= enough && room.usableBytes() - disk.reservedBytes() >= bytes)
                        || item.usedSeconds() > youngest) {
                    break;
                }
                shelf.takeAway(item);
                shelf.catalogue().write();
                shelf.sweep();
                LOG.info("event=image-removed id={} names={} reason=disk-pressure used_percent={} unused_since={}",
                        item.id(), item.tags(), room.usedPercent(), Instant.ofEpochSecond(item.usedSeconds()));
            }
        }
    }
}
