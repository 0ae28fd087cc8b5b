/// People whom the operator knows: names, hashed passwords, the tenants they belong to, and tokens.
///
/// A user is a Secret `user-NAME` of the type `hypernetes.io/user` in `kube-system` of root, a token a Secret of the type
/// `hypernetes.io/user-token` beside it; what is here reads and writes their data.
@NullMarked
package io.hypernetes.identity.local;

import org.jspecify.annotations.NullMarked;
