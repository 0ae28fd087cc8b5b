/// Jobs, which run pods until enough have succeeded; CronJobs, which make Jobs by the clock; and the end of Jobs that ended long ago.
package io.hypernetes.controllers.batch;
