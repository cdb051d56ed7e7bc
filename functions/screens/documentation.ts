/**
 * The help that CloudWatch shows in the editor of the widget.
 */

/** Markdown, with an example of parameters. */
export const documentation = `## Mail that waits

Shows the answer in one line, waiting mail by age and destination, its causes, and the state of each destination. It changes
nothing; its buttons call another function, after a confirmation.

### Parameters

Parameter | Value
---|---
**screen** | *all* (default), *answer*, *ages*, *causes* or *destinations*
**late** | mail that has waited longer is late: *15m*, *1h* (default), *1d*

### Example
\`\`\` yaml
screen: all
late: 1h
\`\`\`
`;
