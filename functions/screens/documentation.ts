/**
 * What CloudWatch shows to whoever edits the widget.
 */

/** Markdown, with an example of parameters. */
export const documentation = `## Mail that waits

Draws how mail is: the answer in one line, what waits by age and destination, why it waits, and how each destination is. It
reads, and changes nothing; its buttons call another function, which asks first.

### Parameters

Parameter | Value
---|---
**screen** | *all* (default), *answer*, *ages*, *causes* or *destinations*
**late** | mail that waits for longer is late: *15m*, *1h* (default), *1d*

### Example
\`\`\` yaml
screen: all
late: 1h
\`\`\`
`;
