/// The kinds that tenants define: each tenant sees the built-in kinds and those of its own CustomResourceDefinitions, which cost a
/// tenant without any of them nothing.
@NullMarked
package io.hypernetes.apiserver.custom;

import org.jspecify.annotations.NullMarked;
