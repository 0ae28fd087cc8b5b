/// The store of a single master, of hyperd and of the kubelet: everything in memory, what is alike packed, every change durable
/// on RocksDB.
///
/// One sequencer thread validates, numbers and writes; many waiting writers share one flush. Readers use an immutable
/// tree that is replaced only after the flush, so nobody ever sees a change that a loss of power could take back.
/// RocksDB is used as a durable log and as the table that is scanned once when the store opens; nothing is read from it later.
package io.hypernetes.store.embedded;
