/// Tokens of OpenID Connect issuers: which issuers are believed, where their keys are, and who a token says somebody is.
///
/// Everything that an issuer sends is bounded in size and time, and nothing that a token says is believed before its signature is checked.
@NullMarked
package io.hypernetes.identity.oidc;

import org.jspecify.annotations.NullMarked;
