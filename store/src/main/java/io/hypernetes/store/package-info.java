/// A revisioned, ordered key-value store with compare-and-set, range reads and watch from a revision.
///
/// [Store] is the whole contract; drivers are `embedded` (a durable log with group commit) and, later, `etcd`. The
/// same store journals hyperd's and the kubelet's records, so there is one durability code path in the system. It knows
/// nothing of Kubernetes: keys are strings, values are bytes.
package io.hypernetes.store;
