#ifndef TSC_H
#define TSC_H

// Frequency of the time stamp counter in kHz, measured over 20 ms to some millionths.
long tsc_khz(void);

#endif
