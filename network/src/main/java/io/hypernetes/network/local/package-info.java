/// The local driver: one bridge a node, addresses from the node's pod range kept in a store, rules in nftables tables named after the
/// bridge. Knows one segment for all tenants; drivers with a segment for each come beside it. Only [LocalNetwork] and
/// [LocalSettings] are for others.
package io.hypernetes.network.local;
