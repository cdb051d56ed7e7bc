/** Parameters that Postfix has and we know, but that cannot be set, each with the reason. */
export const refusedParameters: Readonly<Record<string, string>> = {};
