"""The shop for agents: tools by the Model Context Protocol, over HTTP and on standard input."""
