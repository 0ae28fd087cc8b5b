/// The local driver: the pods of `root` on one bridge a node, those of each other tenant on a bridge in a network namespace of its own;
/// addresses from the node's pod range kept in a store, rules in nftables tables. Only [TenantNetworks], [LocalNetwork] and
/// [LocalSettings] are for others.
package io.hypernetes.network.local;
