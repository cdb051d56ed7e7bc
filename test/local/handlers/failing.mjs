/** A function that fails with any event. */
export const handler = () => process.exit(1);
