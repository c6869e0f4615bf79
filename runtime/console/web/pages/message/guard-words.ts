/** What guards ask, for people; a guard that is not here is shown by its name. */

const WORDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  message: {
    taken: 'something changes by it',
    isNew: 'it was not heard before',
    decidedToHold: 'it is to be held',
    decidedToRefuse: 'it is refused',
    holdIsOver: 'the time it was held for is over',
    expiredUntold: 'its time is over, and its sender cannot be told',
    expired: 'its time is over',
    satisfied: 'it is confirmed as the plan demands',
    exhaustedButOneWay: 'every way begun has failed, and the plan has another',
    exhaustedOutside: 'every way has failed, and the sender outside can be told',
    exhausted: 'every way has failed',
    partlyFailed: 'a way has failed, others are open',
    retrying: 'a way waits to be tried again',
    waiting: 'no way has failed, none waits for another try',
    confirmsLate: 'a confirmation came late',
    failsLate: 'a failure came late',
  },
};

export function guardWords(machine: string, guard: string): string {
  return WORDS[machine]?.[guard] ?? guard;
}
