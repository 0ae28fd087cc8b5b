package io.hypernetes.proxy;

/// Where this node is, which hints of endpoints are about.
///
/// @param node its name
/// @param zone what its label `topology.kubernetes.io/zone` says; empty while that is not known or there is none
record Place(String node, String zone) {}
