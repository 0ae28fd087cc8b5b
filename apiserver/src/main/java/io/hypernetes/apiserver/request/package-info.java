/// What a request is about: who calls, in which tenant, and which resource or path. Nothing here decides or answers.
@org.jspecify.annotations.NullMarked
package io.hypernetes.apiserver.request;
