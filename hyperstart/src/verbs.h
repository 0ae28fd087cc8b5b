// What each request does. One function a verb, found by a table.
#pragma once
#include "session.h"

void verbs_handle(struct asked asked, struct bytes payload);
void verbs_session_ended(void);  // execs of older sessions are hung up
void verbs_attached(void);
