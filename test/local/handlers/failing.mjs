/** A function that goes down with whatever it is given. */
export const handler = () => process.exit(1);
