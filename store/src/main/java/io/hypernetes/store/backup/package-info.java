/// Copies of a store, and of small files that belong to it, in one file that shows every damage and can be locked with a passphrase.
///
/// A backup begins with its header in plain text. What follows is compressed and sealed with AES-256-GCM in pieces that are bound to the header and to
/// their places, under a key of this one file: it follows from a passphrase, or stands in the header itself. So without a passphrase the file
/// is as secret as its mode makes it, and cut, changed or exchanged bytes are noticed in either case.
@org.jspecify.annotations.NullMarked
package io.hypernetes.store.backup;
