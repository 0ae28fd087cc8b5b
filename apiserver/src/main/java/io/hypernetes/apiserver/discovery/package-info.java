/// What the API has: groups, versions, resources, OpenAPI documents, version and health.
@org.jspecify.annotations.NullMarked
package io.hypernetes.apiserver.discovery;
