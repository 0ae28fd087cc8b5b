package io.hypernetes.images;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps room on the disk of the images: what nobody needs goes when it is too full, or when more is wanted than is free. Safe for use by many threads.
final class DiskPressure {
    private static final Logger LOG = LoggerFactory.getLogger(DiskPressure.class);

    private final Path folder;
    private final ImageShelf shelf;
    private final Blobs blobs;
    private final DiskSpace space;
    private final DiskLedger ledger;
    private final ImageSettings settings;
    private final Clock clock;

    DiskPressure(Path folder, ImageShelf shelf, Blobs blobs, DiskSpace space, ImageSettings settings, Clock clock) {
        this.folder = folder;
        this.shelf = shelf;
        this.blobs = blobs;
        this.space = space;
        this.ledger = new DiskLedger(space, settings.disk().reservedBytes());
        this.settings = settings;
        this.clock = clock;
    }

    /// Sees to it that there is room for what is about to be stored, beside what stays reserved and what others are storing.
    ///
    /// @param whole how many bytes of it are to come, as whoever sends them says
    /// @param missing how many of them are kept for it from others, at any time
    /// @throws ImageException when there is not
    DiskLayers.Room reserve(String what, long whole, LongSupplier missing) throws IOException {
        DiskLedger.Entry entry = ledger.entry(missing);
        boolean more = relieve(whole);
        while (ledger.free() < whole || !ledger.enter(entry)) {
            if (!more) {
                throw noRoom(what + " needs " + whole + " bytes");
            }
            // Others may have come meanwhile.
            more = relieve(whole);
        }
        return new DiskLayers.Room() {
            @Override
            public void check() throws IOException {
                if (ledger.free() < 0) {
                    relieve(0);
                    if (ledger.free() < 0) {
                        throw noRoom(what + " needs more than is left");
                    }
                }
            }

            @Override
            public void close() {
                entry.close();
            }
        };
    }

    private ImageException noRoom(String what) throws IOException {
        return new ImageException(ImageException.Reason.NO_SPACE, what + ": on the disk of " + folder + " " + space.room().usableBytes() + " bytes are free, "
                + settings.disk().reservedBytes() + " stay reserved and " + ledger.promised() + " are for what is being stored; remove images or make room");
    }

    /// To be called now and then.
    void watch() {
        try {
            relieve(0);
            sweepIncoming();
            synchronized (shelf) {
                shelf.limitUnused();
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("event=image-disk-check-failed folder={} error=\"{}\"", folder, e.getMessage());
        }
    }

    /// A broken pull may go on within its time; then nobody will ask for these any more.
    void sweepIncoming() throws IOException {
        blobs.sweepIncoming(clock.instant().minus(settings.disk().incomingAge()), settings.limits().layerBytes());
    }

    /// Makes room when the disk is too full or `bytes` more are wanted: first what broken pulls left, then unused images, of the
    /// tenant with most of them the longest unused first.
    ///
    /// @return whether there is room, or more than before
    private boolean relieve(long bytes) throws IOException {
        ImageSettings.Disk disk = settings.disk();
        synchronized (shelf) {
            DiskSpace.Room before = space.room();
            if (before.usedPercent() <= disk.highPercent() && ledger.free() >= bytes) {
                return true;
            }
            boolean removed = false;
            blobs.sweepIncoming(clock.instant(), 0);
            shelf.sweep();
            int enough = before.usedPercent() > disk.highPercent() ? disk.lowPercent() : disk.highPercent();
            long youngest = clock.instant().minus(disk.youngestRemoved()).getEpochSecond();
            List<Catalogue.Item> candidates = new ArrayList<>(shelf.catalogue().unleased());
            candidates.removeIf(item -> item.usedSeconds() > youngest);
            while (!candidates.isEmpty()) {
                DiskSpace.Room room = space.room();
                if (room.usedPercent() <= enough && ledger.free() >= bytes) {
                    break;
                }
                Catalogue.Item item = FirstToGo.of(candidates, shelf::diskBytes).orElseThrow();
                candidates.remove(item);
                removed = true;
                shelf.takeAway(item);
                shelf.catalogue().write();
                shelf.sweep();
                LOG.info("event=image-removed id={} names={} reason=disk-pressure used_percent={} unused_since={}",
                        item.id(), item.tags(), room.usedPercent(), Instant.ofEpochSecond(item.usedSeconds()));
            }
            return removed || ledger.free() >= bytes;
        }
    }
}
