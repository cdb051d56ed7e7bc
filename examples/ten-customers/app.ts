import { App } from 'aws-cdk-lib';
import { TenCustomers } from './ten-customers.ts';

new TenCustomers(new App(), 'Mail');
